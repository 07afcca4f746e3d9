package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// sessionKeyFile keeps the key of the sessions, so that a restart signs nobody out.
func sessionKeyFile(set settings) string { return filepath.Join(set.DataDir, "screens.key") }

// prepareScreens sets what the pages need that the environment does not name. It reports
// whether the pages can be served: with an issuer of one's own only when a client id is
// given.
func (s *standIns) prepareScreens(ctx context.Context, set settings) (bool, error) {
	if s.environment["SCREENS_CLIENT_ID"] == "" {
		return false, nil
	}
	address, err := screensAddress(ctx, set)
	if err != nil {
		return false, err
	}
	s.environment["SCREENS_ADDR"] = address // loopback, whatever the environment has
	if s.environment["SCREENS_SESSION_KEY"] != "" {
		return true, nil
	}
	s.environment["SCREENS_SESSION_KEY"], err = sessionKey(sessionKeyFile(set))
	return err == nil, err
}

// screensAddress returns the address of the pages: SCREENS_PORT, else PORT + 1000, or a
// free port where there is no such port or another program has it.
func screensAddress(ctx context.Context, set settings) (string, error) {
	port := int(set.ScreensPort)
	if port == 0 && set.Port != 0 {
		port = int(set.Port) + 1000
	}
	if port == 0 || port > 65535 {
		return anyPort, nil
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return address, listener.Close()
	case !errors.Is(err, syscall.EADDRINUSE):
		return "", fmt.Errorf("listen for the screens: %w", err)
	case set.ScreensPort != 0:
		// Text, since the caller takes the errno for that of PORT.
		return "", fmt.Errorf("port %d is taken: choose another, such as SCREENS_PORT=%d", set.ScreensPort, set.ScreensPort+1)
	}
	return anyPort, nil
}

// sessionKey returns the key in a file, which is made when it is not there.
func sessionKey(file string) (string, error) {
	kept, err := os.ReadFile(file) //nolint:gosec // it lies in the folder of this run
	if err == nil {
		return string(kept), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the key of the sessions: %w", err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	text := base64.StdEncoding.EncodeToString(key)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("keep the key of the sessions: %w", err)
	}
	return text, nil
}
