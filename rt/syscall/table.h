/*
 * Table of the system calls of Linux/arm64 (asm-generic numbering), in order of number. What came
 * after Linux 6.6 is refused, so that programs take the way they have for such kernels.
 *
 *   P(number, name, arguments)   passes to the host's call of that name
 *   H(number, name, arguments)   has a handler, sys_NAME
 *   R(number, name, arguments)   refused by name: ENOSYS and a line in the log
 *
 * Arguments, one letter each, for the trace and for passing:
 *   d decimal, u unsigned, x hexadecimal, o octal, p pointer, b buffer that the call fills
 *   t decimal, the number of a process or thread
 *   f descriptor (or AT_FDCWD) that the next path is relative to
 *   s path, followed at its end   l path, not followed at its end
 *   e path of an entry of a directory, not followed at its end even with a slash there
 *   n path, followed unless AT_SYMLINK_NOFOLLOW is in the F argument   F that argument
 * Paths are replaced by what path.h makes of them.
 */
#ifndef RT_SYSCALL_TABLE_H
#define RT_SYSCALL_TABLE_H

/* clang-format off */
#define SYSCALLS(P, H, R) \
    P(0, io_setup, "up") P(1, io_destroy, "p") P(2, io_submit, "pdp") P(3, io_cancel, "ppp") \
    P(4, io_getevents, "pddpp") P(5, setxattr, "sppux") P(6, lsetxattr, "lppux") \
    P(7, fsetxattr, "dppux") P(8, getxattr, "sppu") P(9, lgetxattr, "lppu") \
    P(10, fgetxattr, "dppu") P(11, listxattr, "spu") P(12, llistxattr, "lpu") \
    P(13, flistxattr, "dpu") P(14, removexattr, "sp") P(15, lremovexattr, "lp") \
    P(16, fremovexattr, "dp") H(17, getcwd, "pu") R(18, lookup_dcookie, "xpu") \
    P(19, eventfd2, "ux") P(20, epoll_create1, "x") H(21, epoll_ctl, "dddp") \
    H(22, epoll_pwait, "dpddpu") H(23, dup, "d") H(24, dup3, "ddx") H(25, fcntl, "dux") \
    P(26, inotify_init1, "x") P(27, inotify_add_watch, "dsx") P(28, inotify_rm_watch, "dd") \
    H(29, ioctl, "dxx") P(30, ioprio_set, "dtd") P(31, ioprio_get, "dt") P(32, flock, "dx") \
    P(33, mknodat, "feox") P(34, mkdirat, "feo") P(35, unlinkat, "fex") P(36, symlinkat, "pfe") \
    H(37, linkat, "flfex") P(38, renameat, "fefe") P(39, umount2, "sx") H(40, mount, "pspxp") \
    H(41, pivot_root, "ss") R(42, nfsservctl, "dpp") P(43, statfs, "sp") P(44, fstatfs, "dp") \
    P(45, truncate, "sd") P(46, ftruncate, "dd") P(47, fallocate, "dxdd") H(48, faccessat, "fsx") \
    H(49, chdir, "s") H(50, fchdir, "d") H(51, chroot, "s") P(52, fchmod, "do") \
    P(53, fchmodat, "fso") P(54, fchownat, "fnddF") P(55, fchown, "ddd") H(56, openat, "fpxo") \
    H(57, close, "d") P(58, vhangup, "") H(59, pipe2, "px") P(60, quotactl, "xsdp") \
    H(61, getdents64, "dpu") P(62, lseek, "ddd") P(63, read, "dbu") P(64, write, "dpu") \
    P(65, readv, "dpd") P(66, writev, "dpd") P(67, pread64, "dbud") P(68, pwrite64, "dpud") \
    P(69, preadv, "dpddd") P(70, pwritev, "dpddd") P(71, sendfile, "ddpu") \
    H(72, pselect6, "dppppp") H(73, ppoll, "pdppu") P(74, signalfd4, "dpux") \
    P(75, vmsplice, "dpux") P(76, splice, "dpdpux") P(77, tee, "ddux") H(78, readlinkat, "fppu") \
    H(79, newfstatat, "fnpF") H(80, fstat, "dp") P(81, sync, "") P(82, fsync, "d") \
    P(83, fdatasync, "d") P(84, sync_file_range, "dddx") P(85, timerfd_create, "dx") \
    P(86, timerfd_settime, "dxpp") P(87, timerfd_gettime, "dp") P(88, utimensat, "fnpF") \
    P(89, acct, "s") P(90, capget, "pp") P(91, capset, "pp") H(92, personality, "x") \
    H(93, exit, "d") H(94, exit_group, "d") P(95, waitid, "ddpxp") H(96, set_tid_address, "p") \
    H(97, unshare, "x") P(98, futex, "pdupup") H(99, set_robust_list, "pu") \
    P(100, get_robust_list, "tpp") P(101, nanosleep, "pp") P(102, getitimer, "dp") \
    P(103, setitimer, "dpp") R(104, kexec_load, "xxpx") R(105, init_module, "pup") \
    R(106, delete_module, "px") H(107, timer_create, "dpp") P(108, timer_gettime, "dp") \
    P(109, timer_getoverrun, "d") P(110, timer_settime, "dxpp") P(111, timer_delete, "d") \
    P(112, clock_settime, "dp") H(113, clock_gettime, "dp") P(114, clock_getres, "dp") \
    P(115, clock_nanosleep, "dxpp") P(116, syslog, "dpd") R(117, ptrace, "dxxx") \
    P(118, sched_setparam, "tp") P(119, sched_setscheduler, "tdp") P(120, sched_getscheduler, "t") \
    P(121, sched_getparam, "tp") P(122, sched_setaffinity, "tup") \
    P(123, sched_getaffinity, "tup") P(124, sched_yield, "") P(125, sched_get_priority_max, "d") \
    P(126, sched_get_priority_min, "d") P(127, sched_rr_get_interval, "tp") \
    H(128, restart_syscall, "") P(129, kill, "td") P(130, tkill, "td") P(131, tgkill, "dtd") \
    H(132, sigaltstack, "pp") H(133, rt_sigsuspend, "pu") H(134, rt_sigaction, "dppu") \
    H(135, rt_sigprocmask, "dppu") H(136, rt_sigpending, "pu") H(137, rt_sigtimedwait, "pppu") \
    P(138, rt_sigqueueinfo, "tdp") H(139, rt_sigreturn, "") P(140, setpriority, "dtd") \
    P(141, getpriority, "dt") P(142, reboot, "xxxp") P(143, setregid, "dd") P(144, setgid, "d") \
    P(145, setreuid, "dd") P(146, setuid, "d") P(147, setresuid, "ddd") P(148, getresuid, "ppp") \
    P(149, setresgid, "ddd") P(150, getresgid, "ppp") P(151, setfsuid, "d") P(152, setfsgid, "d") \
    H(153, times, "p") P(154, setpgid, "td") P(155, getpgid, "t") P(156, getsid, "t") \
    P(157, setsid, "") P(158, getgroups, "dp") P(159, setgroups, "dp") H(160, uname, "p") \
    P(161, sethostname, "pu") P(162, setdomainname, "pu") P(163, getrlimit, "dp") \
    P(164, setrlimit, "dp") H(165, getrusage, "dp") P(166, umask, "o") H(167, prctl, "dxxxx") \
    P(168, getcpu, "ppp") H(169, gettimeofday, "pp") P(170, settimeofday, "pp") \
    P(171, adjtimex, "p") P(172, getpid, "") P(173, getppid, "") P(174, getuid, "") \
    P(175, geteuid, "") P(176, getgid, "") P(177, getegid, "") P(178, gettid, "") \
    P(179, sysinfo, "p") H(180, mq_open, "pxop") P(181, mq_unlink, "p") \
    P(182, mq_timedsend, "dpuup") P(183, mq_timedreceive, "dpupp") P(184, mq_notify, "dp") \
    P(185, mq_getsetattr, "dpp") P(186, msgget, "xx") P(187, msgctl, "ddp") \
    P(188, msgrcv, "dpudx") P(189, msgsnd, "dpux") P(190, semget, "xdx") H(191, semctl, "dddx") \
    P(192, semtimedop, "dpup") P(193, semop, "dpu") P(194, shmget, "xux") P(195, shmctl, "ddp") \
    H(196, shmat, "dpx") H(197, shmdt, "p") P(198, socket, "ddd") P(199, socketpair, "dddp") \
    H(200, bind, "dpu") P(201, listen, "dd") H(202, accept, "dpp") H(203, connect, "dpu") \
    H(204, getsockname, "dpp") H(205, getpeername, "dpp") H(206, sendto, "dpuxpu") \
    H(207, recvfrom, "dbuxpp") P(208, setsockopt, "dddpu") P(209, getsockopt, "dddpp") \
    P(210, shutdown, "dd") H(211, sendmsg, "dpx") H(212, recvmsg, "dpx") P(213, readahead, "ddu") \
    H(214, brk, "p") H(215, munmap, "pu") H(216, mremap, "puuxp") P(217, add_key, "pppud") \
    P(218, request_key, "pppd") P(219, keyctl, "dxxxx") H(220, clone, "xpppp") \
    H(221, execve, "ppp") H(222, mmap, "puxxdx") P(223, fadvise64, "dddd") P(224, swapon, "sx") \
    P(225, swapoff, "s") H(226, mprotect, "pux") P(227, msync, "pux") P(228, mlock, "pu") \
    P(229, munlock, "pu") P(230, mlockall, "x") P(231, munlockall, "") P(232, mincore, "pup") \
    H(233, madvise, "pud") R(234, remap_file_pages, "puxux") P(235, mbind, "puxpux") \
    P(236, get_mempolicy, "ppupx") P(237, set_mempolicy, "dpu") P(238, migrate_pages, "tupp") \
    P(239, move_pages, "tupppx") P(240, rt_tgsigqueueinfo, "dtdp") \
    P(241, perf_event_open, "ptddx") H(242, accept4, "dppx") H(243, recvmmsg, "dpuxp") \
    P(260, wait4, "dpxp") P(261, prlimit64, "tdpp") H(262, fanotify_init, "xx") \
    P(263, fanotify_mark, "dxxfs") P(264, name_to_handle_at, "flppx") \
    H(265, open_by_handle_at, "dpx") P(266, clock_adjtime, "dp") P(267, syncfs, "d") \
    P(268, setns, "dx") H(269, sendmmsg, "dpux") P(270, process_vm_readv, "tpupux") \
    P(271, process_vm_writev, "tpupux") P(272, kcmp, "ttdxx") R(273, finit_module, "dpx") \
    P(274, sched_setattr, "tpx") P(275, sched_getattr, "tpux") P(276, renameat2, "fefex") \
    H(277, seccomp, "dxp") P(278, getrandom, "bux") P(279, memfd_create, "px") \
    P(280, bpf, "dpu") H(281, execveat, "dpppx") P(282, userfaultfd, "x") \
    P(283, membarrier, "dxd") P(284, mlock2, "pux") P(285, copy_file_range, "dpdpux") \
    P(286, preadv2, "dpdddx") P(287, pwritev2, "dpdddx") H(288, pkey_mprotect, "puxd") \
    R(289, pkey_alloc, "xx") R(290, pkey_free, "d") P(291, statx, "fnFxp") \
    H(292, io_pgetevents, "pddppp") R(293, rseq, "puxx") R(294, kexec_file_load, "dduxx") \
    P(424, pidfd_send_signal, "ddpx") R(425, io_uring_setup, "up") \
    R(426, io_uring_enter, "duuxpu") R(427, io_uring_register, "dupu") P(428, open_tree, "flx") \
    P(429, move_mount, "flflx") P(430, fsopen, "px") P(431, fsconfig, "dxppd") \
    P(432, fsmount, "dxx") P(433, fspick, "flx") P(434, pidfd_open, "tx") H(435, clone3, "pu") \
    H(436, close_range, "uux") H(437, openat2, "fppu") P(438, pidfd_getfd, "ddx") \
    P(439, faccessat2, "fnxF") P(440, process_madvise, "dpudx") \
    H(441, epoll_pwait2, "dpdppu") P(442, mount_setattr, "flxpu") P(443, quotactl_fd, "dxdp") \
    P(444, landlock_create_ruleset, "pux") P(445, landlock_add_rule, "ddpx") \
    P(446, landlock_restrict_self, "dx") R(447, memfd_secret, "x") P(448, process_mrelease, "dx") \
    P(449, futex_waitv, "puxpd") P(450, set_mempolicy_home_node, "puux") \
    P(451, cachestat, "dppx") P(452, fchmodat2, "fnoF") R(453, map_shadow_stack, "pux") \
    R(454, futex_wake, "pxdx") R(455, futex_wait, "pxxxpd") R(456, futex_requeue, "pxdd") \
    R(457, statmount, "ppux") R(458, listmount, "ppux") R(459, lsm_get_self_attr, "xppx") \
    R(460, lsm_set_self_attr, "xpux") R(461, lsm_list_modules, "ppx") R(462, mseal, "pux") \
    R(463, setxattrat, "fpxspu") R(464, getxattrat, "fpxspu") R(465, listxattrat, "fpxpu") \
    R(466, removexattrat, "fpxs") R(467, open_tree_attr, "fpxpu") \
    R(468, file_getattr, "fppux") R(469, file_setattr, "fppux")
/* clang-format on */

#define SYSCALL_LIMIT 470

#endif
