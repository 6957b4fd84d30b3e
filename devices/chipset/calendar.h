/* Days and dates of the proleptic Gregorian calendar. */
#ifndef DEVICES_CHIPSET_CALENDAR_H
#define DEVICES_CHIPSET_CALENDAR_H

#include <stdint.h>

struct calendar_date {
    int64_t year;
    unsigned month;   /* 1..12 */
    unsigned day;     /* 1..31 */
    unsigned weekday; /* 0 is Sunday */
};

/* Date of the day that is that many days after 1970-01-01. */
struct calendar_date calendar_from_days(int64_t days);

/* Days from 1970-01-01 to a date; month and day may be out of range and carry over. */
int64_t calendar_to_days(int64_t year, int64_t month, int64_t day);

#endif
