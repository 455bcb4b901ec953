import { Mps3Host } from "../../hosts/mps3/xs/host.js";
import { conformanceEmulated } from "./emulated.js";

// The suite on the board mps3-an547, against its flash model.

conformanceEmulated((layout) => new Mps3Host(layout));
