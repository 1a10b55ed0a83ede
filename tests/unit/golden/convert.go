// SPDX-License-Identifier: GPL-2.0-or-later

// convert prints the result in FILE, which is of version FROM, as version TO,
// the way a reference plugin does: see README.md.
package main

import (
	"fmt"
	"os"

	"github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/types/create"
)

func convert(file, from, to string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	read, err := create.Create(from, text)
	if err != nil {
		return err
	}
	newest, err := types100.NewResultFromResult(read)
	if err != nil {
		return err
	}
	return types.PrintResult(newest, to)
}

func main() {
	if err := convert(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
