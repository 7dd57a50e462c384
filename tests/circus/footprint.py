"""What minder itself takes: descriptors, memory, children. What grows with the number of requests is a leak."""

import os


def mind_of(keeper):
    """The keeper's child that is what it is itself. None while there is none."""
    own = os.readlink("/proc/%d/exe" % keeper)
    for child in children_of(keeper):
        try:
            if os.readlink("/proc/%d/exe" % child) == own:
                return child
        except OSError:
            pass
    return None


def children_of(pid):
    """All of them, those that ended and were not reaped too."""
    children = []
    for thread in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/children" % (pid, thread)) as file:
            children += [int(child) for child in file.read().split()]
    return children


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def threads(pid):
    return len(os.listdir("/proc/%d/task" % pid))


def kilobytes(pid):
    """The memory that no file is behind. How much of the executable is in memory depends on who else runs it."""
    with open("/proc/%d/smaps_rollup" % pid) as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("Anonymous:", "Swap:")))


def kept_kilobytes(pid):
    """What it keeps in files without a name."""
    kept = 0
    for number in os.listdir("/proc/%d/fd" % pid):
        path = "/proc/%d/fd/%s" % (pid, number)
        if os.readlink(path).startswith("/memfd:"):
            kept += os.stat(path).st_blocks // 2
    return kept


def residents(directory, but):
    """Who works in a directory, save those named."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in but:
            try:
                if os.readlink("/proc/%s/cwd" % name) == os.path.realpath(directory):
                    found.append(int(name))
            except OSError:
                pass
    return found
