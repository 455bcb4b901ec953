import { startBoard } from "../board.js";

// The Realtek RTL8721F EVB for a product whose images are firmware alone, and which clients confirm.

startBoard();
