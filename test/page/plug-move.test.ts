import { describePlug } from "./plug.js";

describePlug("move");
