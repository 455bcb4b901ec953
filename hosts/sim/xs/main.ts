import { imageApplication } from "../../desk/xs/archive.js";
import { startBoard } from "./board.js";

// The simulated board, with room for an application in an image.

startBoard(imageApplication);
