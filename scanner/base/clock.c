#include "zc/clock.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include "zc/text.h"

#define DAY_S 86400
/* The years that RFC 3339 can write: 0000-01-01T00:00:00Z to 9999-12-31T23:59:59.999Z. */
#define TIME_FIRST_MS INT64_C(-62167219200000)
#define TIME_LAST_MS INT64_C(253402300799999)

static int64_t clock_us(clockid_t id)
{
        struct timespec ts = { 0 };

        clock_gettime(id, &ts);
        return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t zc_mono_us(void)
{
        return clock_us(CLOCK_MONOTONIC);
}

int64_t zc_mono_ms(void)
{
        return zc_mono_us() / 1000;
}

int64_t zc_wall_ms(void)
{
        return clock_us(CLOCK_REALTIME) / 1000;
}

struct zc_deadline zc_deadline_in(int64_t ms)
{
        struct zc_deadline d;

        if (__builtin_add_overflow(zc_mono_ms(), ms > 0 ? ms : 0, &d.at_ms))
                return ZC_NEVER;
        return d;
}

struct zc_deadline zc_deadline_min(struct zc_deadline a, struct zc_deadline b)
{
        return a.at_ms < b.at_ms ? a : b;
}

int zc_deadline_left(struct zc_deadline d)
{
        int64_t now = zc_mono_ms();

        if (d.at_ms <= now)
                return 0;
        return d.at_ms - now > INT_MAX ? INT_MAX : (int)(d.at_ms - now);
}

bool zc_deadline_passed(struct zc_deadline d)
{
        return d.at_ms <= zc_mono_ms();
}

/** Writes v as exactly `digits` digits and returns the place behind them. */
static char *put_digits(char *at, int64_t v, int digits)
{
        for (int i = digits - 1; i >= 0; i--, v /= 10)
                at[i] = (char)('0' + v % 10);
        return at + digits;
}

void zc_time_format(int64_t ms, char out[ZC_TIME_LEN])
{
        int64_t held = ms < TIME_FIRST_MS ? TIME_FIRST_MS : ms > TIME_LAST_MS ? TIME_LAST_MS : ms;
        int64_t fraction = (held % 1000 + 1000) % 1000;
        time_t s = (time_t)((held - fraction) / 1000);
        struct tm tm = { 0 };

        gmtime_r(&s, &tm);
        out = put_digits(out, tm.tm_year + 1900, 4);
        *out++ = '-';
        out = put_digits(out, tm.tm_mon + 1, 2);
        *out++ = '-';
        out = put_digits(out, tm.tm_mday, 2);
        *out++ = 'T';
        out = put_digits(out, tm.tm_hour, 2);
        *out++ = ':';
        out = put_digits(out, tm.tm_min, 2);
        *out++ = ':';
        out = put_digits(out, tm.tm_sec, 2);
        if (fraction) {
                *out++ = '.';
                out = put_digits(out, fraction, 3);
        }
        *out++ = 'Z';
        *out = '\0';
}

/** Exactly `digits` digits with a value in [low, high]. */
static bool take_digits(const char **s, int digits, int low, int high, int *out)
{
        int v = 0;

        for (int i = 0; i < digits; i++) {
                if ((*s)[i] < '0' || (*s)[i] > '9')
                        return false;
                v = v * 10 + ((*s)[i] - '0');
        }
        if (v < low || v > high)
                return false;
        *s += digits;
        *out = v;
        return true;
}

/** One of the characters of `set`. */
static bool take_one(const char **s, const char *set)
{
        if (**s == '\0' || !strchr(set, **s))
                return false;
        (*s)++;
        return true;
}

static int month_days(int year, int month)
{
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        return days[month - 1] + (month == 2 && leap);
}

/** "YYYY-MM-DDTHH:MM:SS", the second up to 60. */
static bool take_date_time(const char **s, struct tm *tm)
{
        int year, month;

        if (!take_digits(s, 4, 0, 9999, &year) || !take_one(s, "-") ||
            !take_digits(s, 2, 1, 12, &month) || !take_one(s, "-") ||
            !take_digits(s, 2, 1, month_days(year, month), &tm->tm_mday) || !take_one(s, "Tt") ||
            !take_digits(s, 2, 0, 23, &tm->tm_hour) || !take_one(s, ":") ||
            !take_digits(s, 2, 0, 59, &tm->tm_min) || !take_one(s, ":") ||
            !take_digits(s, 2, 0, 60, &tm->tm_sec))
                return false;
        tm->tm_year = year - 1900;
        tm->tm_mon = month - 1;
        return true;
}

/** ".1" to ".123456789", or nothing; cut to milliseconds. */
static bool take_fraction(const char **s, int64_t *ms)
{
        int digits = 0;

        *ms = 0;
        if (!take_one(s, "."))
                return true;
        for (int v; take_digits(s, 1, 0, 9, &v); digits++)
                *ms = digits < 3 ? *ms * 10 + v : *ms;
        for (int i = digits; i < 3; i++)
                *ms *= 10;
        return digits >= 1 && digits <= 9;
}

/** "Z", "+02:00" or "-02:00", in seconds east. */
static bool take_offset(const char **s, int64_t *seconds)
{
        int sign = **s == '-' ? -1 : 1;
        int hours, minutes;

        *seconds = 0;
        if (take_one(s, "Zz"))
                return true;
        if (!take_one(s, "+-") || !take_digits(s, 2, 0, 23, &hours) || !take_one(s, ":") ||
            !take_digits(s, 2, 0, 59, &minutes))
                return false;
        *seconds = sign * (hours * 3600 + minutes * 60);
        return true;
}

bool zc_time_parse(const char *s, int64_t *ms)
{
        struct tm tm = { 0 };
        int64_t fraction, offset, at;
        bool leap;

        if (!take_date_time(&s, &tm) || !take_fraction(&s, &fraction) ||
            !take_offset(&s, &offset) || *s != '\0')
                return false;
        leap = tm.tm_sec == 60;
        tm.tm_sec -= leap;
        at = (int64_t)timegm(&tm) - offset;
        if (leap && (at % DAY_S + DAY_S) % DAY_S != DAY_S - 1)
                return false; /* RFC 3339 5.7: a leap second ends a UTC day */
        at = at * 1000 + fraction;
        if (at < TIME_FIRST_MS || at > TIME_LAST_MS)
                return false;
        *ms = at;
        return true;
}

bool zc_duration_parse(const char *s, int64_t *ms)
{
        static const struct {
                const char *unit;
                int64_t ms;
        } units[] = {
                { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
        };
        size_t digits = strspn(s, "0123456789");
        uint64_t n;

        if (!zc_parse_uint(s, digits, INT64_MAX, &n))
                return false;
        for (size_t i = 0; i < ZC_COUNT(units); i++) {
                int64_t all;

                if (strcmp(s + digits, units[i].unit) != 0)
                        continue;
                if (__builtin_mul_overflow((int64_t)n, units[i].ms, &all))
                        return false;
                *ms = all;
                return true;
        }
        return false;
}
