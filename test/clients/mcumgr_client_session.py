"""One command of mcumgr-client's library, on a serial line.

mcumgr_client_session.py PORT list | upload FILE IMAGE | test HASH | confirm HASH | erase SLOT | reset
"""

import json
import sys

from mcumgr_client import SerialSession

port, command, *operands = sys.argv[1:]
session = SerialSession(port, initial_timeout_s=20, subsequent_timeout_ms=5000)
if command == "list":
    images = [{**image, "hash": bytes(image["hash"]).hex()} for image in session.list()]
    print(json.dumps({"images": images}))
elif command == "upload":
    session.upload(operands[0], int(operands[1]))
elif command in ("test", "confirm"):
    session.test(bytes.fromhex(operands[0]), command == "confirm")
elif command == "erase":
    session.erase(int(operands[0]))
elif command == "reset":
    session.reset()
else:
    sys.exit(f"there is no command {command}")
