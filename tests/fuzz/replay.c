/*
 * Runs one fuzz target over files: the whole corpus again, in every test run,
 * without libFuzzer. Linked with exactly one tests/fuzz/fuzz_X.c.
 *
 * Each input is given in a heap block of its own size, so that AddressSanitizer
 * sees the first byte read past either end. An empty input is a block of no
 * bytes and still a valid pointer. Must never skip a file it was given: what
 * can't be read is a failure.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A corpus is meant to be small; a larger file was committed by mistake. */
#define INPUT_MAX ((size_t)1 << 20)

static int
replay_file(const char *path)
{
	static uint8_t whole[INPUT_MAX + 1];
	FILE *in;
	uint8_t *exact;
	size_t size, i;

	in = fopen(path, "rb");
	if (in == NULL) {
		perror(path);
		return 1;
	}
	size = fread(whole, 1, sizeof(whole), in);
	if (ferror(in) != 0 || size > INPUT_MAX) {
		fprintf(stderr, "%s: unreadable or too large\n", path);
		(void)fclose(in);
		return 1;
	}
	(void)fclose(in);
	exact = malloc(size);
	if (exact == NULL) {
		perror("malloc");
		return 1;
	}
	for (i = 0; i < size; i++)
		exact[i] = whole[i];
	/* Printed first: it is the last line before a sanitizer's report. */
	printf("%s\n", path);
	(void)fflush(stdout);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

static int
replay_folder(const char *folder, size_t *count)
{
	struct dirent **list;
	int i, n, failed = 0;

	n = scandir(folder, &list, NULL, alphasort);
	if (n < 0) {
		perror(folder);
		return 1;
	}
	for (i = 0; i < n; i++) {
		char path[4096];
		struct stat st;
		int len;

		len = snprintf(
			path, sizeof(path), "%s/%s", folder, list[i]->d_name);
		free(list[i]);
		if (len < 0 || (size_t)len >= sizeof(path)) {
			failed = 1;
			continue;
		}
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			continue;
		failed |= replay_file(path);
		(*count)++;
	}
	free(list);
	return failed;
}

int
main(int argc, char **argv)
{
	size_t count = 0;
	int i, failed = 0;

	for (i = 1; i < argc; i++)
		failed |= replay_folder(argv[i], &count);
	printf("replayed %zu inputs\n", count);
	return failed != 0 || count == 0;
}
