// What the bundler adds (tools/page.mjs).
declare module "*.css";

/** Whether the page comes from the simulator's server; else from a file or a static host, and there is no simulator. */
declare const SERVED: boolean;
