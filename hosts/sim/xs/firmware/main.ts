import { startBoard } from "../board.js";

// The simulated board for a product whose images are firmware alone.

startBoard();
