"""Runs one Python program many times, and loads it once: console_script.py SCRIPT.

SCRIPT is what pip installs for a program. Loading smpmgr takes a second, running most of its commands a tenth of that.
So this process loads what SCRIPT imports, and forks for each command line. The fork runs the whole script as the program
`python SCRIPT ARGUMENT...` does: with its own arguments, folder, standard streams and exit status.

Each line of standard input is a JSON object: "args" and "cwd". A line of standard output answers it: "status", and the
bytes of "stdout" and "stderr" and of both in the order in which they came ("output"), in Base64.
"""

import base64
import gc
import json
import os
import selectors
import sys


def collect(streams: dict[int, str]) -> dict[str, bytes]:
    """Reads all streams to their ends."""
    collected = {"output": b"", **{name: b"" for name in streams.values()}}
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                collected[streams[key.fd]] += data
                collected["output"] += data
    return collected


def next_command(script: str) -> None:
    """Answers the requests, and returns only in a fork, which has to run its command; or there is no further request."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.dup(1)
    for line in requests:
        request = json.loads(line)
        out, err = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            null = os.open(os.devnull, os.O_RDONLY)
            for source, target in ((null, 0), (out[1], 1), (err[1], 2)):
                os.dup2(source, target)
            for unused in (null, answers, *out, *err):
                os.close(unused)
            os.chdir(request["cwd"])
            sys.argv = [script, *request["args"]]
            return
        os.close(out[1])
        os.close(err[1])
        collected = collect({out[0]: "stdout", err[0]: "stderr"})
        _, status = os.waitpid(child, 0)
        answer: dict[str, object] = {"status": os.waitstatus_to_exitcode(status)}
        answer |= {name: base64.b64encode(data).decode() for name, data in collected.items()}
        os.write(answers, (json.dumps(answer) + "\n").encode())
    # Not as a program ends: what the script imported may want to be asked.
    os._exit(0)


if __name__ == "__main__":
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        program = compile(file.read(), path, "exec")
    # Under another name the script imports all that it needs, and does not run.
    exec(program, {"__name__": "loaded", "__file__": path})
    # Otherwise each fork looks through all of it once more when it ends, which takes longer than the command.
    gc.collect()
    gc.freeze()
    next_command(path)
    exec(program, {"__name__": "__main__", "__file__": path})
