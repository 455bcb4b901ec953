import { describePlug } from "./plug.js";

describePlug("offset");
