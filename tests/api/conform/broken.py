"""Implementations that are wrong, each in one way: `broken.py MODE`. Plain Python, nothing of ours."""

import json
import os
import sys
import time


def answer(mode, request, count):  # noqa: PLR0911 - one line a way
    number = request["id"]
    match mode:
        case "accepts":
            return {"id": number, "ok": True, "output": {}}
        case "refuses":
            return {"id": number, "ok": False}
        case "misplaces":
            return {"id": number, "ok": False, "code": "predicate-syntax", "position": 10_000}
        case "wrong":
            return {"id": number, "ok": True, "output": {"bytes": "00"}}
        case "behind":
            return {"id": number - 1, "ok": True, "output": {}}
        case "shrugs":
            return {"id": number, "unsupported": True}
        case "errs":
            return {"id": number, "error": "what is that?"}
        case "half":
            return {"id": number, "ok": True}
        case "dies" | "dies-late" if mode == "dies" or count > 2:
            sys.stderr.write("cannot go on\n")
            os._exit(7)
    return {"id": number, "unsupported": True}


def main(mode):
    if mode == "silent":
        time.sleep(60)
    for count, line in enumerate(sys.stdin.buffer, 1):
        request = json.loads(line)
        if mode == "sleeps" and count == 2:
            time.sleep(60)
        elif mode == "garbage":
            sys.stdout.write("I am ready!\n")
        elif mode == "bytes":
            sys.stdout.buffer.write(b"\xff\xfe\n")
        elif mode == "endless":
            sys.stdout.write("x" * (17 << 20))
        else:
            sys.stdout.write(json.dumps(answer(mode, request, count)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
