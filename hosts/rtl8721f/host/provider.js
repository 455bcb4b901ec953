// The SDK's Zephyr port makes the provider from the devicetree.
import device from "mc/devicetree";

export default device;
