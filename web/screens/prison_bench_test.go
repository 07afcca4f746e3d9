package screens_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
)

// largePrison is a prison of so many people with so many open pairs, of whom one in eleven
// is too close.
func largePrison(t testing.TB, size, pairs int) *house {
	t.Helper()
	number := func(i int) domain.PrisonerNumber {
		return domain.PrisonerNumber(fmt.Sprintf("A%04d%c%c", i*7919%10000, 'A'+rune(i%25), 'A'+rune(i%23)))
	}
	r := &residents{}
	for i := range size {
		r.put(number(i), familyNames[i%len(familyNames)]+string(rune('a'+i%7)), firstNames[i/3%len(firstNames)], "XAA", fmt.Sprintf("%c-%d-%03d", 'A'+rune(i%8), i/8%4+1, i/64+1))
	}
	h := newPrison(t, r)
	restrictions := []domain.Restriction{domain.Cell, domain.Landing, domain.Wing}
	reasons := domain.Reasons()
	var last commands.Receipt
	open := map[domain.Pair]bool{}
	for i := 0; len(open) < pairs; i++ {
		one := i % (size - 1)
		a, b := number(one), number(one+1+(i*7+i/(size-1))%(size-1-one))
		pair, err := domain.NewPair(a, b)
		require.NoError(t, err)
		if open[pair] {
			continue
		}
		open[pair] = true
		last, err = h.commands.Execute(t.Context(), domain.Cause{
			CommandID: uuid.New(), CorrelationID: uuid.New(), CausationID: uuid.New(), Actor: "OFFICER_A", Source: domain.DPS, About: a,
		}, pair, domain.Open{
			FirstPrisoner: a, Comment: "Keep them apart", Reason: reasons[i%len(reasons)].Code, Restriction: restrictions[i%3],
			Roles: map[domain.PrisonerNumber]domain.Role{a: domain.Victim, b: domain.Perpetrator},
		})
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return h.reads.WaitFor(t.Context(), last.Position.Uint64()) == nil }, 2*time.Minute, time.Millisecond)
	return h
}

var (
	familyNames = strings.Fields("SMITH JONES TAYLOR BROWN WILLIAMS WILSON JOHNSON DAVIES ROBINSON WRIGHT THOMPSON EVANS WALKER WHITE ROBERTS GREEN HALL WOOD JACKSON CLARKE PATEL KHAN LEWIS JAMES PHILLIPS MASON MITCHELL ROSE DAVIS RODRIGUEZ COX ALEXANDER MARSHALL MILLS LLOYD")
	firstNames  = strings.Fields("OLIVER GEORGE HARRY JACK JACOB NOAH CHARLIE MUHAMMAD THOMAS OSCAR WILLIAM JAMES LEO ALFIE HENRY JOSHUA FREDDIE ARCHIE ETHAN ISAAC ALEXANDER JOSEPH EDWARD SAMUEL MAX LOGAN LUCAS DANIEL THEO ARTHUR")
)

// cpuTime returns how long this process has computed.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkPrison draws each page of a prison of 1,500 people with 4,000 open pairs. It reports the time until the answer
// was read, what this process computed meanwhile, that of the browser included, and the
// size of the compressed answer.
func BenchmarkPrison(b *testing.B) {
	h := largePrison(b, 1500, 4000)
	browser := h.signIn("OFFICER_A")
	var numbers []string
	for _, row := range browser.get("/prison/XAA").cells("#apart")[:600] {
		if found := row[0][strings.LastIndex(row[0], " ")+1:]; len(numbers) < 30 && !strings.Contains(strings.Join(numbers, ""), found) {
			numbers = append(numbers, found)
		}
	}
	for name, path := range map[string]string{
		"Home": "/", "Sheet": "/prison/XAA", "SheetOfWing": "/prison/XAA?wing=A", "CSV": "/prison/XAA.csv", "TooClose": "/prison/XAA/too-close",
		"MoveCheck": "/prison/XAA/move-check?prisoner=" + strings.Join(numbers, "%0A") + "&to=A",
	} {
		b.Run(name, func(b *testing.B) {
			size, whole := 0, 0
			var server time.Duration
			used := cpuTime(b)
			for b.Loop() {
				r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, h.server.URL+path, http.NoBody)
				require.NoError(b, err)
				r.Header.Set("Accept-Encoding", "gzip")
				began := time.Now()
				answer, err := browser.http.Do(r)
				require.NoError(b, err)
				require.Equal(b, http.StatusOK, answer.StatusCode)
				body, err := io.ReadAll(answer.Body)
				server += time.Since(began)
				require.NoError(b, err)
				require.NoError(b, answer.Body.Close())
				size = len(body)
				unzipped, err := gzip.NewReader(bytes.NewReader(body))
				require.NoError(b, err)
				n, err := io.Copy(io.Discard, unzipped)
				require.NoError(b, err)
				whole = int(n)
			}
			b.ReportMetric(float64(server.Microseconds())/1000/float64(b.N), "ms/page")
			b.ReportMetric(float64((cpuTime(b)-used).Microseconds())/1000/float64(b.N), "cpu-ms/page")
			b.ReportMetric(float64(size)/1000, "kB")
			b.ReportMetric(float64(whole)/1000, "kB-raw")
		})
	}
}
