/** Why there is no way to a host, by the system's code, as the end of a sentence about it. */
export function unreachable(code: string | undefined): string {
	switch (code) {
		case "ENOTFOUND":
		case "EAI_AGAIN":
			return "cannot be reached: there is no host of this name";
		case "ENETUNREACH":
		case "EHOSTUNREACH":
			return "cannot be reached: there is no way to this network or host";
		case "EMSGSIZE":
			return "cannot be reached: the packet is too long";
		default:
			return `cannot be reached: ${code}`;
	}
}
