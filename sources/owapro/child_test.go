package owapro_test

const childVar = "OWAPRO_TEST_CHILD"

func child() int { return 0 }
