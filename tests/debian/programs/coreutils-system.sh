# coreutils: programs about the system, users and processes.
# native-sed: s/x86_64/aarch64/g
# small
s() { echo "== $*"; }
s uname; uname -s; uname -m; arch; uname -o
s true; true; echo $?; false; echo $?
s date; date -u -d @1000000000 +%FT%T.%N; date -u -d '2024-02-29 +1 year' +%F; date -d 'TZ="America/New_York" 2024-07-01 12:00' -u; date -r /proc/nosuch 2>&1; date +%s | wc -c
s env; env -i A=1 B=2 env; printenv HOME | wc -l; printenv NOSUCH; echo $?
s expr; expr 6 \* 7; expr length abc; expr abcd : 'a\(.*\)d'; expr 0; echo $?; expr 1 / 0 2>&1; expr 99999999999999999999 + 1
s id; id root; id -un 0; groups root; whoami; id nosuchuser 2>&1
s logname; logname </dev/null 2>&1 | wc -l; who /dev/null; users /dev/null; pinky -l root
s nice; nice; nice -n 5 nice; nice -n 3 sh -c 'nice'
s nohup; nohup echo hi 2>&1
s nproc; nproc --ignore=1000; hostid | wc -c
s sleep; sleep 0.01; echo $?; sleep x 2>&1
s stdbuf; stdbuf -oL echo buffered; stdbuf -o0 -e0 sh -c 'echo a; echo b'
s stty; stty </dev/null 2>&1; tty </dev/null; echo $?
s timeout; timeout 0.1 sleep 5; echo $?; timeout -s KILL 0.1 sleep 5; echo $?; timeout 5 sh -c 'exit 9'; echo $?; timeout --preserve-status 0.1 sleep 5; echo $?
s kill; sh -c 'kill -9 $$'; echo $?
