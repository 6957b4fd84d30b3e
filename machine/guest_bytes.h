/* The guest's code bytes for the host's eyes, without side effects on the guest. */
#ifndef MACHINE_GUEST_BYTES_H
#define MACHINE_GUEST_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

struct guest_code {
    uint64_t offset; /* EIP */
    uint16_t selector;
    bool code32;
    size_t count; /* bytes read */
};

/* Bytes at CS:EIP through the present translation of that page. */
struct guest_code guest_code_at(struct machine *machine, uint8_t *bytes, size_t most);

#endif
