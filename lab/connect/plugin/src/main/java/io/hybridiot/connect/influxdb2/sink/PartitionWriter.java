package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.common.TopicPartition;

/**
 * One writer thread with the batches that wait for it, in order.
 *
 * <p>The task adds records and collects outcomes; the thread writes. A batch leaves when it is full, or when its first
 * record waited for the linger time. What waits is bounded by the task, which stops adding once {@link #isFull()}.
 */
final class PartitionWriter<T> implements AutoCloseable {
    /** Full batches that may wait while one is written: the next is always at hand, and memory stays small. */
    private static final int WAITING_BATCHES = 2;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition progress = lock.newCondition();
    private final Deque<Batch<T>> waiting = new ArrayDeque<>();
    private final ConcurrentLinkedQueue<Outcome<T>> outcomes = new ConcurrentLinkedQueue<>();
    private final int batchSize;
    private final long lingerNanos;
    private final Thread thread;

    private BatchWriter<T> writer;
    private Batch<T> open;
    private boolean writing;
    private boolean stopping;
    private volatile Throwable failure;

    PartitionWriter(final String name, final int batchSize, final Duration linger) {
        this.batchSize = batchSize;
        this.lingerNanos = linger.toNanos();
        this.thread = new Thread(this::run, name);
        thread.setDaemon(true);
    }

    void start(final BatchWriter<T> with) {
        this.writer = with;
        thread.start();
    }

    /** Adds a point. */
    void add(final TopicPartition partition, final long offset, final T record, final String line) {
        lock.lock();
        try {
            openBatch().add(partition, offset, record, line);
            if (open.size() >= batchSize) {
                cut();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Adds a record that is not to be written. */
    void pass(final TopicPartition partition, final long offset) {
        lock.lock();
        try {
            openBatch().pass(partition, offset);
        } finally {
            lock.unlock();
        }
    }

    private Batch<T> openBatch() {
        if (open == null) {
            open = new Batch<>(System.nanoTime());
            work.signal();
        }
        return open;
    }

    private void cut() {
        if (open != null) {
            waiting.add(open);
            open = null;
            work.signal();
        }
    }

    boolean isFull() {
        lock.lock();
        try {
            return waiting.size() >= WAITING_BATCHES;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the lane takes more. False when it still does not after {@code time}. */
    boolean awaitRoom(final Duration time) throws InterruptedException {
        return await(time, () -> waiting.size() < WAITING_BATCHES);
    }

    /** Sends what there is and waits until it is written. False when it is not after {@code time}. */
    boolean flush(final Duration time) throws InterruptedException {
        lock.lock();
        try {
            cut();
        } finally {
            lock.unlock();
        }
        return await(time, () -> waiting.isEmpty() && open == null && !writing);
    }

    private boolean await(final Duration time, final java.util.function.BooleanSupplier met) throws InterruptedException {
        long left = time.toNanos();
        lock.lock();
        try {
            while (!met.getAsBoolean() && failure == null) {
                if (left <= 0) {
                    return false;
                }
                left = progress.awaitNanos(left);
            }
            return failure == null;
        } finally {
            lock.unlock();
        }
    }

    /** The next batch that is done, or null. */
    Outcome<T> poll() {
        return outcomes.poll();
    }

    /** Why the lane gave up, or null. */
    Throwable failure() {
        return failure;
    }

    /** The writer's wait between retries: returns false at once when the lane is closed. */
    boolean pause(final Duration time) throws InterruptedException {
        long left = time.toNanos();
        lock.lock();
        try {
            while (!stopping && left > 0) {
                left = work.awaitNanos(left);
            }
            return !stopping;
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            for (Batch<T> batch = next(); batch != null; batch = next()) {
                outcomes.add(writer.write(batch, outcomes::add));
                finished();
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (final InfluxRequestException | RuntimeException | Error e) {
            fail(e);
        }
    }

    /** Blocks until a batch is due; null when the lane is closed. */
    private Batch<T> next() throws InterruptedException {
        lock.lock();
        try {
            while (!stopping) {
                if (!waiting.isEmpty()) {
                    writing = true;
                    progress.signalAll();
                    return waiting.remove();
                }
                awaitWork();
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private void awaitWork() throws InterruptedException {
        if (open == null) {
            work.await();
            return;
        }
        final long left = open.openedNanos() + lingerNanos - System.nanoTime();
        if (left <= 0) {
            cut();
        } else {
            work.await(left, TimeUnit.NANOSECONDS);
        }
    }

    private void finished() {
        lock.lock();
        try {
            writing = false;
            progress.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void fail(final Throwable error) {
        lock.lock();
        try {
            failure = error;
            progress.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the thread; a write under way is cut off, and what was not written stays uncommitted. */
    @Override
    public void close() {
        lock.lock();
        try {
            stopping = true;
            work.signalAll();
        } finally {
            lock.unlock();
        }
        thread.interrupt();
    }
}
