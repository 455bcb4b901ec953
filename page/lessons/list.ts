import { BROKEN } from "./broken.jsx";
import { CONFIRM } from "./confirm.jsx";
import type { Lesson } from "./lesson.js";
import { POWER } from "./power.jsx";
import { REVERT } from "./revert.jsx";
import { SIGNATURE } from "./signature.jsx";

/** All lessons, in the order in which one takes them. */
export const LESSONS: readonly Lesson[] = [CONFIRM, REVERT, POWER, SIGNATURE, BROKEN];
