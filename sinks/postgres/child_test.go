package postgres_test

const childVariable = "POSTGRES_SINK_CHILD"

func child(string) int { return 0 }
