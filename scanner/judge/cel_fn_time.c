/** Timestamps and durations: text, arithmetic, accessors with UTC or a fixed offset. Seconds and nanoseconds; years 1 to 9999. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"

#define NS INT64_C(1000000000)
#define TIME_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define TIME_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* ---- the calendar (proleptic Gregorian, by eras of 400 years) ---- */

static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
        int64_t era, yoe, doy;

        y -= m <= 2;
        era = (y >= 0 ? y : y - 399) / 400;
        yoe = y - era * 400;
        doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
        return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct civil {
        int64_t year, month, day, hour, minute, second, yday, wday; /* month, yday, wday from 0; day from 1 */
};

static void civil_from(int64_t seconds, struct civil *out)
{
        int64_t days = seconds / 86400 - (seconds % 86400 < 0), rest = seconds - days * 86400;
        int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
        int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        int64_t mp = (5 * doy + 2) / 153;

        out->day = doy - (153 * mp + 2) / 5 + 1;
        out->month = mp < 10 ? mp + 2 : mp - 10;
        out->year = yoe + era * 400 + (out->month <= 1);
        out->hour = rest / 3600;
        out->minute = rest % 3600 / 60;
        out->second = rest % 60;
        out->yday = days - days_from_civil(out->year, 1, 1);
        out->wday = ((days + 4) % 7 + 7) % 7;
}

static struct cel_value make_time(struct cel_run *r, int64_t seconds, int64_t nanos)
{
        if (nanos < 0) {
                nanos += NS;
                seconds--;
        }
        seconds += nanos / NS;
        nanos %= NS;
        if (seconds < TIME_MIN || seconds > TIME_MAX)
                return cel_error(r, "range error: the timestamp is not within the years 1 to 9999");
        return (struct cel_value){ .kind = CEL_TIMESTAMP, .n = (uint32_t)nanos, .p.i = seconds };
}

/* ---- text ---- */

/** `digits` digits at *s, then the byte `then` (NUL: none). */
static bool number(const char **s, const char *end, int digits, char then, int64_t *out)
{
        int64_t v = 0;

        if (end - *s < digits + (then != '\0'))
                return false;
        for (int i = 0; i < digits; i++) {
                char ch = *(*s)++;

                if (ch < '0' || ch > '9')
                        return false;
                v = v * 10 + (ch - '0');
        }
        *out = v;
        return then == '\0' || *(*s)++ == then;
}

static bool fraction(const char **s, const char *end, int64_t *nanos)
{
        int64_t unit = NS / 10;
        const char *start;

        *nanos = 0;
        if (*s == end || **s != '.')
                return true;
        for (start = ++*s; *s < end && **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
                *nanos += unit * (**s - '0');
        return *s > start && *s - start <= 9;
}

/** "Z", or "+hh:mm"; signless too when `bare`. */
static bool offset(const char *s, const char *end, bool bare, int64_t *out)
{
        int64_t h, m, sign = 1;

        *out = 0;
        if (end - s == 1 && (*s == 'Z' || *s == 'z'))
                return true;
        if (s < end && (*s == '+' || *s == '-'))
                sign = *s++ == '-' ? -1 : 1;
        else if (!bare)
                return false;
        if (!number(&s, end, 2, ':', &h) || !number(&s, end, 2, '\0', &m) || s != end || h > 23 || m > 59)
                return false;
        *out = sign * (h * 3600 + m * 60);
        return true;
}

bool cel_time_parse(const char *s, size_t n, struct cel_value *out)
{
        static const int64_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        const char *end = s + n;
        int64_t y, mo, d, h, mi, sec, nanos, zone, leap;

        if (!number(&s, end, 4, '-', &y) || !number(&s, end, 2, '-', &mo) || !number(&s, end, 2, '\0', &d) || s == end ||
            (*s != 'T' && *s != 't'))
                return false;
        s++;
        if (!number(&s, end, 2, ':', &h) || !number(&s, end, 2, ':', &mi) || !number(&s, end, 2, '\0', &sec) || !fraction(&s, end, &nanos) ||
            !offset(s, end, false, &zone))
                return false;
        leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
        if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > lengths[mo - 1] + (mo == 2 ? leap : 0) || h > 23 || mi > 59 || sec > 59)
                return false;
        sec += days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 - zone;
        if (sec < TIME_MIN || sec > TIME_MAX)
                return false;
        *out = (struct cel_value){ .kind = CEL_TIMESTAMP, .n = (uint32_t)nanos, .p.i = sec };
        return true;
}

/** ".5", ".123456789", or nothing. */
static void fraction_text(int64_t nanos, char out[16])
{
        size_t n;

        out[0] = '\0';
        if (nanos == 0)
                return;
        snprintf(out, 16, ".%09d", (int)nanos);
        for (n = strlen(out); out[n - 1] == '0';)
                out[--n] = '\0';
}

void cel_time_text(struct cel_value t, char out[40])
{
        struct civil c;
        char part[16];

        civil_from(t.p.i, &c);
        fraction_text(t.n, part);
        snprintf(out, 40, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", (int)c.year, (int)c.month + 1, (int)c.day, (int)c.hour, (int)c.minute,
                 (int)c.second, part);
}

void cel_duration_text(int64_t ns, char out[32])
{
        uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
        char part[16];

        fraction_text((int64_t)(u % (uint64_t)NS), part);
        snprintf(out, 32, "%s%" PRIu64 "%ss", ns < 0 ? "-" : "", u / (uint64_t)NS, part);
}

/* Sums of nanoseconds before they are known to fit. */
__extension__ typedef __int128 wide;

/** One "1.5h" of a duration's text, as nanoseconds. */
static bool duration_part(const char **s, const char *end, wide *out)
{
        static const struct { const char *unit; int64_t ns; } units[] = {
                { "ms", NS / 1000 }, { "us", 1000 }, { "\xC2\xB5s", 1000 }, { "\xCE\xBCs", 1000 },
                { "ns", 1 },         { "h", 3600 * NS }, { "m", 60 * NS }, { "s", NS },
        };
        wide whole = 0, part = 0, scale = 1;
        const char *start = *s;
        size_t dots = 0;

        for (; *s < end && ((**s >= '0' && **s <= '9') || **s == '.'); (*s)++) {
                if (**s == '.') {
                        if (++dots > 1)
                                return false;
                } else if (dots) {
                        if (scale < NS * 100) {
                                part = part * 10 + (**s - '0');
                                scale *= 10;
                        }
                } else if ((whole = whole * 10 + (**s - '0')) > INT64_MAX) {
                        return false;
                }
        }
        if ((size_t)(*s - start) == dots)
                return false;
        for (size_t i = 0; i < ZC_COUNT(units); i++) {
                size_t n = strlen(units[i].unit);

                if ((size_t)(end - *s) >= n && memcmp(*s, units[i].unit, n) == 0) {
                        *s += n;
                        *out = whole * units[i].ns + part * units[i].ns / scale;
                        return true;
                }
        }
        return false;
}

/** "1h30m", "-1.5s", "0". Durations are 64 bits of nanoseconds. */
static bool duration_parse(const char *s, size_t n, int64_t *out)
{
        const char *end = s + n;
        bool minus = n > 0 && *s == '-';
        wide total = 0, part;

        if (n > 0 && (*s == '-' || *s == '+'))
                s++;
        if (s == end)
                return false;
        if (end - s == 1 && *s == '0') {
                *out = 0;
                return true;
        }
        while (s < end) {
                if (!duration_part(&s, end, &part))
                        return false;
                total += part;
                if (total > (wide)INT64_MAX + 1)
                        return false;
        }
        total = minus ? -total : total;
        if (total > INT64_MAX)
                return false;
        *out = (int64_t)total;
        return true;
}

/* ---- conversions, arithmetic ---- */

CEL_FN(time_of_string)
{
        struct cel_value v;

        return cel_time_parse(arg[0].p.s, arg[0].n, &v) ? v : cel_error(r, "range or format error: '%.60s' is no RFC 3339 time", arg[0].p.s);
}

CEL_FN(time_of_int)
{
        return make_time(r, arg[0].p.i, 0);
}

CEL_FN(same_value)
{
        return arg[0];
}

static struct cel_value make_duration(int64_t ns)
{
        return (struct cel_value){ .kind = CEL_DURATION, .p.i = ns };
}

CEL_FN(duration_of_string)
{
        int64_t ns;

        if (!cel_charge(r, arg[0].n / 8))
                return cel_stopped(r);
        if (!duration_parse(arg[0].p.s, arg[0].n, &ns))
                return cel_error(r, "range or format error: '%.60s' is no duration such as 1h30m", arg[0].p.s);
        return make_duration(ns);
}

CEL_FN(string_of_time)
{
        char buf[40];

        cel_time_text(arg[0], buf);
        return cel_string(r, CEL_STRING, buf, strlen(buf));
}

CEL_FN(string_of_duration)
{
        char buf[32];

        cel_duration_text(arg[0].p.i, buf);
        return cel_string(r, CEL_STRING, buf, strlen(buf));
}

CEL_FN(int_of_duration)
{
        return cel_int(arg[0].p.i / NS);
}

static struct cel_value shift(struct cel_run *r, struct cel_value t, int64_t ns, int sign)
{
        return make_time(r, t.p.i + sign * (ns / NS), (int64_t)t.n + sign * (ns % NS));
}

CEL_FN(time_plus)
{
        return shift(r, arg[0], arg[1].p.i, 1);
}

CEL_FN(plus_time)
{
        return shift(r, arg[1], arg[0].p.i, 1);
}

CEL_FN(time_minus)
{
        return shift(r, arg[0], arg[1].p.i, -1);
}

static struct cel_value duration_range(struct cel_run *r)
{
        return cel_error(r, "range error: the duration does not fit 64 bits of nanoseconds");
}

CEL_FN(time_between)
{
        int64_t ns;

        if (__builtin_mul_overflow(arg[0].p.i - arg[1].p.i, NS, &ns) || __builtin_add_overflow(ns, (int64_t)arg[0].n - (int64_t)arg[1].n, &ns))
                return duration_range(r);
        return make_duration(ns);
}

CEL_FN(duration_plus)
{
        int64_t ns;

        return __builtin_add_overflow(arg[0].p.i, arg[1].p.i, &ns) ? duration_range(r) : make_duration(ns);
}

CEL_FN(duration_minus)
{
        int64_t ns;

        return __builtin_sub_overflow(arg[0].p.i, arg[1].p.i, &ns) ? duration_range(r) : make_duration(ns);
}

/* ---- accessors ---- */

/** The calendar at a timestamp, in the zone of the second argument if there is one. */
static bool civil_at(const struct cel_value *arg, uint32_t argc, struct civil *out)
{
        int64_t zone = 0;

        if (argc == 2 && !(arg[1].n == 3 && memcmp(arg[1].p.s, "UTC", 3) == 0) && !offset(arg[1].p.s, arg[1].p.s + arg[1].n, true, &zone))
                return false;
        civil_from(arg[0].p.i + zone, out);
        return true;
}

static struct cel_value no_zone(struct cel_run *r, struct cel_value zone)
{
        return cel_error(r, "'%.60s' is no time zone: UTC or an offset such as +02:00", zone.p.s);
}

#define ACCESSOR(name, value)                                                                      \
        CEL_FN(name)                                                                               \
        {                                                                                          \
                struct civil c;                                                                    \
                                                                                                   \
                return civil_at(arg, argc, &c) ? cel_int(value) : no_zone(r, arg[1]);              \
        }

ACCESSOR(get_year, c.year)
ACCESSOR(get_month, c.month)
ACCESSOR(get_date, c.day)
ACCESSOR(get_day_of_month, c.day - 1)
ACCESSOR(get_day_of_week, c.wday)
ACCESSOR(get_day_of_year, c.yday)
ACCESSOR(get_hours, c.hour)
ACCESSOR(get_minutes, c.minute)
ACCESSOR(get_seconds, c.second)
ACCESSOR(get_milliseconds, arg[0].n / 1000000)

CEL_FN(duration_hours)
{
        return cel_int(arg[0].p.i / (3600 * NS));
}

CEL_FN(duration_minutes)
{
        return cel_int(arg[0].p.i / (60 * NS));
}

CEL_FN(duration_milliseconds)
{
        return cel_int(arg[0].p.i / 1000000 % 1000);
}

#define ROWS(name, call) { name, true, "t", "i", call }, { name, true, "ts", "i", call }

static const struct cel_fn times[] = {
        { "timestamp", false, "s", "t", time_of_string },
        { "timestamp", false, "i", "t", time_of_int },
        { "timestamp", false, "t", "t", same_value },
        { "duration", false, "s", "D", duration_of_string },
        { "duration", false, "D", "D", same_value },
        { "string", false, "t", "s", string_of_time },
        { "string", false, "D", "s", string_of_duration },
        { "int", false, "D", "i", int_of_duration },
        { "+", false, "tD", "t", time_plus },
        { "+", false, "Dt", "t", plus_time },
        { "+", false, "DD", "D", duration_plus },
        { "-", false, "tD", "t", time_minus },
        { "-", false, "tt", "D", time_between },
        { "-", false, "DD", "D", duration_minus },
        ROWS("getFullYear", get_year),
        ROWS("getMonth", get_month),
        ROWS("getDate", get_date),
        ROWS("getDayOfMonth", get_day_of_month),
        ROWS("getDayOfWeek", get_day_of_week),
        ROWS("getDayOfYear", get_day_of_year),
        ROWS("getHours", get_hours),
        ROWS("getMinutes", get_minutes),
        ROWS("getSeconds", get_seconds),
        ROWS("getMilliseconds", get_milliseconds),
        { "getHours", true, "D", "i", duration_hours },
        { "getMinutes", true, "D", "i", duration_minutes },
        { "getSeconds", true, "D", "i", int_of_duration },
        { "getMilliseconds", true, "D", "i", duration_milliseconds },
};
const struct cel_fns cel_fns_time = { times, ZC_COUNT(times) };
