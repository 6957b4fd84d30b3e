/*
 * An interrupt (or any other one-bit) line: whoever drives it cannot know who listens.
 *
 * A device owns a `struct irq_line` as a wire.  An unconnected line has set == NULL and swallows
 * levels.  Levels are what is driven; edge detection is the listener's business.
 */
#ifndef DEVICES_CORE_IRQ_H
#define DEVICES_CORE_IRQ_H

#include <stdbool.h>
#include <stddef.h>

struct irq_line {
    void (*set)(void *listener, unsigned n, bool level);
    void *listener;
    unsigned n;
};

static inline void irq_set(const struct irq_line *line, bool level)
{
    if (line->set) {
        line->set(line->listener, line->n, level);
    }
}

static inline void irq_pulse(const struct irq_line *line)
{
    irq_set(line, true);
    irq_set(line, false);
}

#endif
