/*
 * DMA controllers of the PC: two Intel 8237A (channels 0..3 for bytes, 5..7 for words, 4 is the
 * cascade) with the page registers.
 *
 * A device drives its request pin, and moves data whenever it likes with the transfer function of
 * its channel; the controller supplies address and count and moves nothing by itself.  A request
 * that has to wait for the guest (channel masked, controller off) is announced when it no longer
 * has to, on the line given to dma8237_connect().
 */
#ifndef DEVICES_CHIPSET_DMA8237_H
#define DEVICES_CHIPSET_DMA8237_H

#include "devices/core/bus.h"
#include "devices/core/device.h"
#include "devices/core/dma.h"
#include "devices/core/irq.h"

struct dma8237;

struct dma8237_wires {
    struct dma_space memory;
};

extern const struct io_ops dma8237_bytes_io; /* 16 ports, 00h */
extern const struct io_ops dma8237_words_io; /* 32 ports, C0h */
extern const struct io_ops dma8237_page_io;  /* 16 ports, 80h; 80h itself takes POST codes */
extern const struct io_ops dma8237_high_io;  /* 16 ports, 480h: address bits 24..31 */

struct dma8237 *dma8237_create(const struct dma8237_wires *wires);
struct device dma8237_device(struct dma8237 *dma, const char *instance);

/* The slave's side of channel n, 0..7 (4 never transfers).  See devices/core/dma.h.  A transfer
 * ends at terminal count, also with auto-initialisation; on word channels an odd byte stays behind.
 * When the programmed direction is not to_memory's, or is verify, the count advances, memory is
 * left alone, and a buffer to be filled gets ones. */
struct dma_channel dma8237_channel(struct dma8237 *dma, unsigned n);

/* DREQ pin of channel n: shows in the status register. */
struct irq_line dma8237_request(struct dma8237 *dma, unsigned n);

/* The line is pulsed when a request on channel n becomes possible to serve after it was not. */
void dma8237_connect(struct dma8237 *dma, unsigned n, const struct irq_line *ready);

/* True when a transfer on channel n would move data now. */
bool dma8237_ready(const struct dma8237 *dma, unsigned n);

/* The byte last written to the POST port 80h. */
uint8_t dma8237_post_code(const struct dma8237 *dma);

#endif
