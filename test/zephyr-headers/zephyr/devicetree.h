/* Declarations only, for a compile check: see README.md. */
#ifndef ZEPHYR_DEVICETREE_H
#define ZEPHYR_DEVICETREE_H

#define DT_ALIAS(alias) alias_##alias
#define DT_CHOSEN(name) chosen_##name
#define DT_NODE_HAS_STATUS_OKAY(node) 1
#define DEVICE_DT_GET(node) (&node)

extern const struct device alias_watchdog0, chosen_zephyr_uart_mcumgr;

#endif
