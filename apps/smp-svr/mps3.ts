import { Mps3Host } from "../../hosts/mps3/xs/host.js";
import { smpSvrEmulated } from "./emulated.js";

// The application on the board mps3-an547.

smpSvrEmulated((layout) => new Mps3Host(layout));
