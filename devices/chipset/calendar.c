/*
 * Days and dates.  Years are counted from March, so that the leap day ends its year; then the days
 * before a month are a linear function of it, and 400 years are always 146097 days.
 */
#include "devices/chipset/calendar.h"

#define DAYS_400_YEARS 146097
#define DAYS_100_YEARS 36524
#define DAYS_4_YEARS   1461
#define EPOCH          719468 /* days from 0000-03-01 to 1970-01-01 */

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t quotient = a / b;
    return quotient * b > a ? quotient - 1 : quotient;
}

/* Days before month m of a year from March (0 is March). */
static int64_t days_before(int64_t m)
{
    return (153 * m + 2) / 5;
}

int64_t calendar_to_days(int64_t year, int64_t month, int64_t day)
{
    int64_t months = year * 12 + month - 1 - 2; /* since March of year 0 */
    int64_t y = floor_div(months, 12);
    int64_t leaps = floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400);
    return y * 365 + leaps + days_before(months - y * 12) + day - 1 - EPOCH;
}

struct calendar_date calendar_from_days(int64_t days)
{
    int64_t weekday = days + 4 - floor_div(days + 4, 7) * 7;
    days += EPOCH;
    int64_t era = floor_div(days, DAYS_400_YEARS);
    int64_t rest = days - era * DAYS_400_YEARS;
    int64_t century = rest / DAYS_100_YEARS;
    century = century > 3 ? 3 : century; /* the last day of 400 years */
    rest -= century * DAYS_100_YEARS;
    int64_t four = rest / DAYS_4_YEARS;
    rest -= four * DAYS_4_YEARS;
    int64_t one = rest / 365;
    one = one > 3 ? 3 : one;
    rest -= one * 365;
    int64_t month = (5 * rest + 2) / 153;
    struct calendar_date date = {
        .year = era * 400 + century * 100 + four * 4 + one + (month >= 10),
        .month = (unsigned)(month < 10 ? month + 3 : month - 9),
        .day = (unsigned)(rest - days_before(month) + 1),
        .weekday = (unsigned)weekday,
    };
    return date;
}
