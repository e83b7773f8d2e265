// A foreign client of the log: checkpoint, inclusion and consistency with golang.org/x/mod/sumdb, nothing of ours.
// Arguments: folder, vkey, origin, old size, old root.
package main

import (
	"encoding/base64"
	"fmt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

type rd struct{ dir string }

func (r rd) Height() int { return 8 }
func (r rd) ReadTiles(ts []tlog.Tile) ([][]byte, error) {
	var o [][]byte
	for _, t := range ts {
		p := strings.TrimPrefix(t.Path(), "tile/8/")
		b, e := os.ReadFile(filepath.Join(r.dir, "tile", p))
		if e != nil {
			return nil, e
		}
		o = append(o, b)
	}
	return o, nil
}
func (r rd) SaveTiles([]tlog.Tile, [][]byte) {}
func die(e error) {
	if e != nil {
		fmt.Println("REFUSED:", e)
		os.Exit(1)
	}
}
func main() {
	dir, vkey, origin, old, oldroot := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	v, e := note.NewVerifier(vkey)
	die(e)
	raw, e := os.ReadFile(filepath.Join(dir, "checkpoint"))
	die(e)
	n, e := note.Open(raw, note.VerifierList(v))
	die(e)
	l := strings.Split(n.Text, "\n")
	if l[0] != origin {
		die(fmt.Errorf("origin %s", l[0]))
	}
	size, e := strconv.ParseInt(l[1], 10, 64)
	die(e)
	h, e := base64.StdEncoding.DecodeString(l[2])
	die(e)
	var root tlog.Hash
	copy(root[:], h)
	hr := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, rd{dir})
	c := 0
	for i := int64(0); i < size && c < 1000; i++ {
		p, e := tlog.ProveRecord(size, i, hr)
		die(e)
		t := i / 256
		w := size - t*256
		s := ""
		if w < 256 {
			s = fmt.Sprintf(".p/%d", w)
		}
		b, e := os.ReadFile(filepath.Join(dir, "tile", "entries", fmt.Sprintf("%03d%s", t, s)))
		die(e)
		k := (i % 256) * 34
		die(tlog.CheckRecord(p, size, root, i, tlog.RecordHash(b[k+2:k+34])))
		c++
	}
	on, _ := strconv.ParseInt(old, 10, 64)
	oh, _ := base64.StdEncoding.DecodeString(oldroot)
	var or tlog.Hash
	copy(or[:], oh)
	tp, e := tlog.ProveTree(size, on, hr)
	die(e)
	die(tlog.CheckTree(tp, size, root, on, or))
	fmt.Println("OK", c, "inclusion; consistency from", on, "to", size)
}
