import { readConfig } from "../../../desk/xs/config.js";
import { longDigest } from "../../../desk/xs/long-digest.js";
import { deskUpdate } from "../../../desk/xs/update.js";
import { type ImageChecks, withImageChecks } from "../app/image-checks.js";

const checks = await new Promise<ImageChecks>((resolve) => withImageChecks(readConfig(), resolve));

/** `embedded:update` of the simulated board, which can verify signatures too. */
export default deskUpdate({ ...checks, digest: longDigest });
