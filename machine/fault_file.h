/* The text of --faults as a table; docs/FAULTS.md describes it. */
#ifndef MACHINE_FAULT_FILE_H
#define MACHINE_FAULT_FILE_H

#include "base/status.h"

#include <stdint.h>

enum { FAULTS_MOST = 64, FAULT_EIP = 16 };

enum fault_kind {
    FAULT_RAM,
    FAULT_REGISTER,
    FAULT_IRQ_SPURIOUS,
    FAULT_IRQ_LOST,
    FAULT_RTC,
    FAULT_BAD,
    FAULT_BAD_READ,
    FAULT_BAD_WRITE,
    FAULT_TORN,
    FAULT_SLOW,
};

struct fault {
    enum fault_kind kind;
    uint64_t icount;      /* strikes at, or is in force from, that instruction */
    unsigned target;      /* register (FAULT_EIP: EIP), interrupt line, or enum drive_slot */
    uint64_t first, last; /* sectors; RAM: first is the physical address */
    unsigned bit;
    uint32_t times; /* 0: without limit */
    int64_t seconds;
    uint64_t delay_ns;
};

/* At most FAULTS_MOST into faults; false with "NAME:LINE: what is wrong". */
bool fault_file_parse(const char *name, const char *text, struct fault *faults, unsigned *count,
                      struct status *status);

#endif
