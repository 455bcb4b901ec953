#!/usr/bin/env python3
"""Records what a real client sends over a serial line, for the replay in recorded.test.ts.

Usage: record.py SIMULATOR_UART LINK OUTPUT < COMMANDS

Makes a pseudo terminal at LINK, joins it to the simulator's serial line, and runs each line of COMMANDS in a shell. OUTPUT
is JSON: for every command the exchanges [sent, received] in hexadecimal. After a command that contains "reset" it waits for
the device to boot.
"""

import json
import os
import pty
import select
import subprocess
import sys
import time
import tty


def main() -> None:
    device_path, link, output = sys.argv[1:]
    device = os.open(device_path, os.O_RDWR | os.O_NOCTTY)
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.symlink(os.ttyname(slave), link)
    steps = []
    for command in sys.stdin.read().splitlines():
        process = subprocess.Popen(command, shell=True, stdout=subprocess.DEVNULL)
        exchanges, last = [], None
        while True:
            ready, _, _ = select.select([device, master], [], [], 0.2)
            if not ready and process.poll() is not None:
                break
            for source in ready:
                data = os.read(source, 4096)
                os.write(device if source == master else master, data)
                if source == master:
                    if last != "sent":
                        exchanges.append(["", ""])
                    exchanges[-1][0] += data.hex()
                    last = "sent"
                else:
                    exchanges[-1][1] += data.hex()
                    last = "received"
        steps.append({"command": command, "exchanges": exchanges})
        if "reset" in command:
            time.sleep(3)
    os.unlink(link)
    with open(output, "w") as file:
        json.dump(steps, file, indent="\t")
        file.write("\n")


main()
