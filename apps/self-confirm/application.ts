import type { Application } from "../../modules/agent/application.js";
import { selfConfirm } from "../../modules/agent/trial.js";

/** The agent, and an update on trial that confirms itself once it has passed its checks. */
export const application: Application = selfConfirm;
