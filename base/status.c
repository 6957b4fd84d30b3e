#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool(status_fail)(struct status *status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(status->text, sizeof(status->text), format, args);
    va_end(args);
    status->failed = true;
    return false;
}

bool(status_fail_errno)(struct status *status, const char *format, ...)
{
    int error = errno;
    va_list args;
    va_start(args, format);
    int used = vsnprintf(status->text, sizeof(status->text), format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof(status->text)) {
        snprintf(status->text + used, sizeof(status->text) - (size_t)used, ": %s", strerror(error));
    }
    status->failed = true;
    return false;
}
