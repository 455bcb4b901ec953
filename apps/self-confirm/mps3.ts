import { Mps3Host } from "../../hosts/mps3/xs/host.js";
import { selfConfirmEmulated } from "./emulated.js";

// The application on the board mps3-an547.

selfConfirmEmulated((layout) => new Mps3Host(layout));
