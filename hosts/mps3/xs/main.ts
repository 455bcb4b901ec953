import { smpSvrEmulated } from "../../desk/xs/board.js";
import { Mps3Host } from "./host.js";

// The application on the board mps3-an547.

smpSvrEmulated((layout) => new Mps3Host(layout));
