// The bundler takes style sheets (tools/page.mjs).
declare module "*.css";
