// embedded:storage/flash of the boards on a desk.
export { deskFlash as default } from "xs-smp/hosts/desk/xs/update";
