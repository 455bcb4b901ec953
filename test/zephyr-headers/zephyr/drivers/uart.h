/* Declarations only, for a compile check: see README.md. */
#ifndef ZEPHYR_DRIVERS_UART_H
#define ZEPHYR_DRIVERS_UART_H

#include <stdint.h>

#include <zephyr/device.h>

enum { UART_CFG_PARITY_NONE, UART_CFG_STOP_BITS_1 = 1, UART_CFG_DATA_BITS_8 = 3, UART_CFG_FLOW_CTRL_NONE = 0 };

struct uart_config {
	uint32_t baudrate;
	uint8_t parity, stop_bits, data_bits, flow_ctrl;
};

typedef void (*uart_irq_callback_user_data_t)(const struct device *device, void *data);

int uart_configure(const struct device *device, const struct uart_config *config);
int uart_irq_callback_user_data_set(const struct device *device, uart_irq_callback_user_data_t call, void *data);
void uart_irq_update(const struct device *device);
int uart_irq_is_pending(const struct device *device);
void uart_irq_rx_enable(const struct device *device);
void uart_irq_rx_disable(const struct device *device);
int uart_irq_rx_ready(const struct device *device);
int uart_fifo_read(const struct device *device, uint8_t *into, int size);
void uart_irq_tx_enable(const struct device *device);
void uart_irq_tx_disable(const struct device *device);
int uart_irq_tx_ready(const struct device *device);
int uart_fifo_fill(const struct device *device, const uint8_t *bytes, int size);

#endif
