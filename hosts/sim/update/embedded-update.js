// embedded:update of the simulated board.
export { default } from "xs-smp/hosts/sim/xs/update/update";
