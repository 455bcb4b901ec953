// embedded:update of the board mps3-an547, which has no room for signatures.
import { deskUpdate } from "xs-smp/hosts/desk/xs/update";

export default deskUpdate({});
