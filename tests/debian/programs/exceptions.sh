# C++ exceptions through frames of C libraries: out of callbacks of SQLite's, expat's and zlib's, nested,
# caught within, thrown again, past cleanups, from threads; what nobody catches; pthread_exit in a callback.
# native libraries
cat >x.cc <<'END'
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <thread>
extern "C" {
int sqlite3_open(const char *, void **); int sqlite3_close(void *);
int sqlite3_exec(void *, const char *, int (*)(void *, int, char **, char **), void *, char **);
void *XML_ParserCreate(const char *); void XML_SetElementHandler(void *, void (*)(void *, const char *, const char **), void (*)(void *, const char *));
void XML_SetUserData(void *, void *); int XML_Parse(void *, const char *, int, int);
}
struct Note { const char *what; explicit Note(const char *w) : what(w) {} ~Note() { std::printf("leaving %s\n", what); } };
static int row(void *, int n, char **value, char **)
{
    Note note("row");
    if (std::atoi(value[0]) == 3) throw std::runtime_error("row " + std::string(value[0]) + " of " + std::to_string(n));
    return 0;
}
static int catches(void *total, int, char **value, char **)
{
    try { throw std::atoi(value[0]); } catch (int n) { *static_cast<int *>(total) += n; }
    return 0;
}
static const char rows[] = "select 1 union select 2 union select 3 union select 4";
static int inner(void *db, int, char **, char **)
{
    Note note("inner");
    try { sqlite3_exec(db, rows, row, nullptr, nullptr); } catch (std::runtime_error &e) { std::printf("inner: %s\n", e.what()); throw; }
    return 0;
}
static void element(void *user, const char *name, const char **)
{
    Note note("element");
    if (std::string(name) == "b") { void *db; sqlite3_open(":memory:", &db); *static_cast<void **>(user) = db; sqlite3_exec(db, rows, row, nullptr, nullptr); }
}
static int leaves(void *, int, char **, char **) { Note note("thread's"); pthread_exit(const_cast<char *>("exited")); }
static void *thread(void *) { Note note("thread"); void *db; sqlite3_open(":memory:", &db); sqlite3_exec(db, "select 1", leaves, nullptr, nullptr); return nullptr; }
static int quiet(void *, int, char **value, char **) { if (std::atoi(value[0]) == 3) throw 3L; return 0; }
int main(int argc, char **)
{
    void *db, *db2, *user = nullptr, *result; int total = 0; long caught = 0; pthread_t t;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    sqlite3_open(":memory:", &db);
    try { Note note("try"); sqlite3_exec(db, rows, row, nullptr, nullptr); } catch (std::exception &e) { std::printf("%s\n", e.what()); }
    sqlite3_open(":memory:", &db2);
    std::printf("%d\n", sqlite3_exec(db2, rows, catches, &total, nullptr)); std::printf("%d\n", total);
    try { sqlite3_exec(db, "select 1", inner, db2, nullptr); } catch (std::runtime_error &e) { std::printf("outer: %s\n", e.what()); }
    void *parser = XML_ParserCreate(nullptr); XML_SetUserData(parser, &user); XML_SetElementHandler(parser, element, nullptr);
    try { XML_Parse(parser, "<a><b/></a>", 11, 1); } catch (std::exception &e) { std::printf("%s %d\n", e.what(), user != nullptr); }
    for (int i = 0; i < 3000; i++) try { static void *d; if (i % 200 == 0) sqlite3_open(":memory:", &d); sqlite3_exec(d, rows, quiet, nullptr, nullptr); } catch (long n) { caught += n; }
    std::thread others[4]; long each[4] = {};
    for (int k = 0; k < 4; k++) others[k] = std::thread([&each, k] { void *d; sqlite3_open(":memory:", &d); for (int i = 0; i < 100; i++) try { sqlite3_exec(d, rows, quiet, nullptr, nullptr); } catch (long n) { each[k] += n; } });
    for (auto &o : others) o.join();
    std::printf("%ld %ld\n", caught, each[0] + each[1] + each[2] + each[3]);
    pthread_create(&t, nullptr, thread, nullptr); pthread_join(t, &result); std::printf("%s\n", static_cast<char *>(result));
    if (argc > 1) sqlite3_exec(db2, rows, row, nullptr, nullptr);
}
END
l=$(echo /usr/lib/*/libsqlite3.so.0); g++ -O1 x.cc "$l" "${l%/*}"/libexpat.so.1 -pthread -o x
./x; echo $?; { ./x 1 2>&1; echo $?; } 2>/dev/null | tail -n 5
