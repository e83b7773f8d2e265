// A foreign client of one answer: a C2SP tlog-proof with golang.org/x/mod/sumdb, nothing of ours.
// Arguments: file with the tlog-proof, vkey, origin, the record (base64).
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func refuse(e error) {
	if e != nil {
		fmt.Println("REFUSED:", e)
		os.Exit(1)
	}
}

func hash(line string) tlog.Hash {
	h, e := tlog.ParseHash(line)
	refuse(e)
	return h
}

func main() {
	file, vkey, origin, record := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	raw, e := os.ReadFile(file)
	refuse(e)
	head, signed, found := strings.Cut(string(raw), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		refuse(fmt.Errorf("not a tlog-proof"))
	}
	index, e := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	refuse(e)
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		path = append(path, hash(line))
	}
	verifier, e := note.NewVerifier(vkey)
	refuse(e)
	opened, e := note.Open([]byte(signed), note.VerifierList(verifier))
	refuse(e)
	text := strings.Split(opened.Text, "\n")
	if text[0] != origin {
		refuse(fmt.Errorf("origin %s", text[0]))
	}
	size, e := strconv.ParseInt(text[1], 10, 64)
	refuse(e)
	leaf, e := base64.StdEncoding.DecodeString(record)
	refuse(e)
	refuse(tlog.CheckRecord(path, size, hash(text[2]), index, tlog.RecordHash(leaf)))
	fmt.Println("OK entry", index, "of", size)
}
