package testdb

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Template is a database that migrations made, and that tests get copies of. A copy costs
// a small part of what the migrations cost. The zero value has no migrations. A package
// keeps a Template in a variable; its methods may be called from several goroutines.
type Template struct {
	migrations []func(ctx context.Context, dsn string) error
	once       sync.Once
	name       string
	err        error
}

// NewTemplate returns the template of these migrations, which run in this order once a
// test process, when the first test asks for a copy.
func NewTemplate(migrations ...func(ctx context.Context, dsn string) error) *Template {
	return &Template{migrations: migrations}
}

// New creates a database that the migrations have run in and returns its DSN. Like that
// of the function New it is dropped at the end of the test. On the server that Variable
// names each database is migrated by itself: nothing would remove the template there.
func (m *Template) New(t testing.TB) string {
	t.Helper()
	if os.Getenv(Variable) != "" {
		dsn := New(t)
		if err := m.migrate(dsn); err != nil {
			t.Fatal(err)
		}
		return dsn
	}
	server := sharedServer(t)
	m.once.Do(func() { m.name, m.err = m.make(server) })
	if m.err != nil {
		t.Fatal(m.err)
	}
	return create(t, server.DSN("postgres"), " TEMPLATE "+m.name+server.strategy)
}

// make makes the database that the others are copies of. It ends with the server.
func (m *Template) make(server server) (string, error) {
	name := uniqueName()
	dsn, err := server.EnsureDatabase(context.Background(), name)
	if err != nil {
		return "", fmt.Errorf("make the template of databases: %w", err)
	}
	return name, m.migrate(dsn)
}

// migrate runs the migrations. It is not bound to the test that needs them first: others
// wait for them too.
func (m *Template) migrate(dsn string) error {
	for _, migrate := range m.migrations {
		if err := migrate(context.Background(), dsn); err != nil {
			return fmt.Errorf("migrate the template of databases: %w", err)
		}
	}
	return nil
}
