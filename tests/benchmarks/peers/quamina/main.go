// match RULES EVENTS WARM_S SECONDS: figures as JSON, in CPU time of the process.
// A line of RULES is a list of patterns of which one must match; a line of EVENTS is an event.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"quamina.net/go/quamina/v2"
)

func main() {
	rules, events := lines(os.Args[1]), lines(os.Args[2])
	matcher := must(quamina.New())
	before, began := used(), cpuS()
	for n, line := range rules {
		var patterns []json.RawMessage
		check(json.Unmarshal(line, &patterns))
		for _, pattern := range patterns {
			check(matcher.AddPattern(n, string(pattern)))
		}
	}
	putS := cpuS() - began
	grown := used() - before
	match(matcher, events, seconds(os.Args[3]))
	done, matches, tookS := match(matcher, events, seconds(os.Args[4]))
	fmt.Printf(
		"{\"events_per_cpu_s\":%f,\"matches_an_event\":%f,\"put_per_cpu_s\":%f,\"bytes_a_workflow\":%f}\n",
		float64(done)/tookS, float64(matches)/float64(done),
		float64(len(rules))/putS, grown/float64(len(rules)))
}

func match(matcher *quamina.Quamina, events [][]byte, seconds float64) (int, int, float64) {
	done, matches, began := 0, 0, cpuS()
	for {
		for _, event := range events {
			matches += len(must(matcher.MatchesForEvent(event)))
		}
		done += len(events)
		if took := cpuS() - began; took >= seconds {
			return done, matches, took
		}
	}
}

func lines(path string) [][]byte {
	return bytes.Split(bytes.TrimSpace(must(os.ReadFile(path))), []byte("\n"))
}

func seconds(text string) float64 {
	return must(strconv.ParseFloat(text, 64))
}

func cpuS() float64 {
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

func used() float64 {
	var seen runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&seen)
	return float64(seen.HeapAlloc)
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
