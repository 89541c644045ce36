/** Calls a fuzz target on every file of a corpus, with any compiler: `replay DIR…`. Prints one TAP line a folder. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
        FILE *f = fopen(path, "rb");
        struct stat st;
        uint8_t *buf;

        if (!f || fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode))
                return -1;
        buf = malloc((size_t)st.st_size + (st.st_size == 0)); /* exact, so that ASan sees an over-read */
        if (!buf || fread(buf, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
                return -1;
        fclose(f);
        LLVMFuzzerTestOneInput(buf, (size_t)st.st_size);
        free(buf);
        return 0;
}

int main(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                DIR *d = opendir(argv[i]);
                size_t files = 0;

                for (const struct dirent *e; d && (e = readdir(d)) != NULL;) {
                        char path[4096];

                        if (e->d_name[0] == '.')
                                continue;
                        snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
                        files += replay_file(path) == 0;
                }
                if (d)
                        closedir(d);
                printf("%s %d - corpus %s, %zu files\n", files ? "ok" : "not ok", i, argv[i], files);
        }
        return 0;
}
