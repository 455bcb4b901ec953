// The ECMA-419 modules that hosts/update.json brings. A build by mcconfig does not see this file; there the SDK's own
// declarations are in its place.

declare module "embedded:storage/flash" {
	const flash: import("../../../modules/update/flash-storage.js").FlashStorage;
	export default flash;
}

declare module "embedded:update" {
	const update: import("../../../modules/update/update.js").UpdateModule;
	export default update;
}
