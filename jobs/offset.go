package jobs

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/robfig/cron/v3"

	"exporter/jobs/config"
)

// spread is how far apart jobs of one minute begin. It leaves the next firing of
// a job that fires every minute alone.
const spread = 58 * time.Second

// StartOffset returns how long after a planned firing a job begins. Jobs whose
// firing falls on the same instant and that share a credential begin one by one
// within a minute, each always at the same distance, which is a hash of its name;
// the first of them, like a job that shares nothing and one of @every, begins at
// once. The firing keeps the planned time as its name.
func StartOffset(all []*config.Job, job *config.Job, planned time.Time) time.Duration {
	if !firesAt(job, planned) {
		return 0
	}
	own, first := distance(job), true
	for _, other := range all {
		if other.Name == job.Name || other.Source.Credential != job.Source.Credential || !firesAt(other, planned) {
			continue
		}
		if d := distance(other); d < own || d == own && other.Name < job.Name {
			first = false
		}
	}
	if first {
		return 0
	}
	return own
}

// firesAt reports whether an instant is a firing of the job's clock times.
func firesAt(job *config.Job, at time.Time) bool {
	if _, every := job.Cron.(cron.ConstantDelaySchedule); every {
		return false
	}
	return job.Cron.Next(at.In(job.Zone).Add(-time.Nanosecond)).Equal(at)
}

func distance(job *config.Job) time.Duration {
	sum := sha256.Sum256([]byte(job.Name)) // names that differ in a digit come far apart
	return time.Duration(binary.BigEndian.Uint64(sum[:]) % uint64(spread))
}
