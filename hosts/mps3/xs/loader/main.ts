import { withLoader } from "../../../desk/xs/loader.js";

// The boot loader of the emulated board. Neither a pin nor memory that a reset does not clear is there to ask for more than a boot.

withLoader(({ loader, finish }) => finish(loader.boot()));
