import { Op } from "../../modules/smp/header.js";
import { ACCESS_GROUP, AccessCommand } from "../../modules/smp/protocol/access.js";
import { bytes, command, number } from "../command.js";

// docs/SMP.md, Access. `unlock` and `lock` of the client's core use these commands.

/** Asks for a challenge. */
export const accessChallenge = command(Op.READ, ACCESS_GROUP, AccessCommand.CHALLENGE, { answer: { nonce: bytes } });

/** Answers the challenge; the device serves this client for so many seconds. */
export const accessAnswer = command(Op.WRITE, ACCESS_GROUP, AccessCommand.ANSWER, {
	request: { answer: bytes },
	answer: { seconds: number },
});

/** Ends that. */
export const accessLock = command(Op.WRITE, ACCESS_GROUP, AccessCommand.LOCK);
