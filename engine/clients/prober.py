"""Asks a service many times a second and says of every question what became of it.

Arguments: ADDRESS PORT QUESTION UDP TCP SECONDS TAG. UDP and TCP are questions per second; 0 leaves a protocol out. Each
question is a new one (the number in place of the % in QUESTION), from a new socket, and asked once. After SECONDS it stops
by itself. The tag finds the process. It begins with the service's question.py and, like that, needs no module that
Debian's python3-minimal lacks. It prints
  start PID EPOCH                              first, when signals are heeded
  NUMBER PROTOCOL SENT LATE LATENCY TEXT       for each answer
  NUMBER PROTOCOL SENT LATE WHY                for each question that is lost
  end SECONDS                                  last: when it stopped asking
SENT and SECONDS are since the start; LATE is how many ms it was sent behind the schedule; LATENCY is in ms, for TCP
with the connection, and without the time in which the prober itself was held up. SIGTERM, SIGINT and SIGHUP make it
ask no more, wait for what is outstanding, and exit with 0.
"""

import errno, os, select, signal, sys, time

# Nobody waits longer for an answer: so long does a resolver with its defaults (resolv.conf(5), `timeout`).
PATIENCE = 5.0
# After a long pause no more than this are outstanding at a time, or there would be no file descriptors left.
OUTSTANDING = 500
# A signal does not end a poll (PEP 475), so none is longer than this many seconds.
NAP = 0.1

ERRORS = {errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "reset"}
ERRORS.update({errno.EHOSTUNREACH: "unreachable", errno.ENETUNREACH: "unreachable", errno.ETIMEDOUT: "timeout"})

class Prober:
    def __init__(self, server, question, rates):
        self.server, self.question = server, question
        # For each protocol how many questions were sent and the seconds between two.
        self.schedule = {protocol: (0, 1 / rate) for protocol, rate in rates.items() if rate > 0}
        # By file descriptor, the oldest first.
        self.waiting = {}
        self.poller = select.poll()
        # When the last look for answers ended.
        self.looked = 0.0
        self.number, self.unwritten, self.stopped = 0, b"", False

    def stop(self, *_):
        self.stopped = True

    def say(self, *words):
        self.unwritten += (" ".join(words) + "\n").encode("ascii")

    def write(self):
        """Writes what stdout takes now: a reader that hangs does not hold up the schedule."""
        try:
            self.unwritten = self.unwritten[os.write(1, self.unwritten) :]
        except BlockingIOError:
            pass
        self.poller.modify(1, select.POLLOUT if self.unwritten else 0)

    def finish(self, question, *result):
        del self.waiting[question.socket.fileno()]
        self.poller.unregister(question.socket)
        question.socket.close()
        self.say(question.label, "%.3f %.1f" % (question.sent, 1000 * (question.sent - question.due)), *result)

    def step(self, question, function, argument):
        """Takes a question one step further, and finishes it where that brings the answer or loses it."""
        try:
            text = function(argument)
            if text is not None:
                self.finish(question, "%.1f" % (1000 * (clock() - question.sent - question.held)), text)
        except Lost as lost:
            self.finish(question, str(lost))
        except BlockingIOError:
            pass
        except OSError as error:
            self.finish(question, ERRORS.get(error.errno) or errno.errorcode.get(error.errno, "error").lower())

    def ask(self):
        """Sends what the schedule wants by now, however late, and gives when it wants the next."""
        for protocol, (count, interval) in self.schedule.items():
            while count * interval <= clock() and len(self.waiting) < OUTSTANDING:
                name = self.question.replace("%", str(self.number))
                question = Question(self.number, protocol, count * interval, name)
                self.waiting[question.socket.fileno()] = question
                self.poller.register(question.socket, select.POLLOUT if question.tcp else select.POLLIN)
                self.step(question, question.begin, self.server)
                self.number, count = self.number + 1, count + 1
            self.schedule[protocol] = (count, interval)
        return min(count * interval for count, interval in self.schedule.values())

    def hold(self, nap):
        """An answer that may have come while the prober itself was held up is not late by that."""
        now = clock()
        if now - self.looked - nap > NAP:
            for question in self.waiting.values():
                question.held += max(0.0, now - max(self.looked, question.sent) - nap)
        self.looked = now

    def listen(self, until):
        """Waits for answers, and gives up the questions whose time is over."""
        looked = clock()
        oldest = next(iter(self.waiting.values()), None)
        wake = min(until, looked + NAP, oldest.sent + PATIENCE if oldest else until)
        events = self.poller.poll(max(0, 1000 * (wake - looked)))
        self.hold(max(0, wake - looked))
        for descriptor, event in events:
            if descriptor != 1:
                self.step(self.waiting[descriptor], self.waiting[descriptor].go_on, self.poller)
            elif event & (select.POLLERR | select.POLLHUP):
                raise BrokenPipeError
        # Only those whose time was over before this look: an answer that waited for the prober itself is not lost.
        for question in list(self.waiting.values()):
            if question.sent + PATIENCE > looked:
                break
            self.finish(question, "timeout")

    def run(self, seconds):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.stop)
        os.set_blocking(1, False)
        self.poller.register(1, 0)
        self.say("start", str(os.getpid()), "%.3f" % time.time())
        while not self.stopped and clock() < seconds:
            due = self.ask()
            self.write()
            self.listen(due)
        end = clock()
        while self.waiting:
            self.write()
            self.listen(end + PATIENCE)
        self.say("end", "%.3f" % end)
        os.set_blocking(1, True)
        while self.unwritten:
            self.write()

_, address, port, question, udp, tcp, seconds, tag = sys.argv
try:
    Prober((address, int(port)), question, {"UDP": float(udp), "TCP": float(tcp)}).run(float(seconds))
except BrokenPipeError:
    # Nobody reads any more.
    pass
