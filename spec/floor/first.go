package main

import "fmt"

func first(target, volumes string) error {
	garden := "http://" + target
	handles, err := list(garden)
	if err != nil {
		return err
	}
	refers, err := referenced(garden, volumes, handles)
	if err != nil {
		return err
	}
	there, expiring, err := onDisk(volumes, refers)
	if err != nil {
		return err
	}
	fmt.Println(len(handles), len(refers), there, expiring)
	return nil
}
