// A group member of kafkajs; see groups/judge.py. It speaks old versions only, and assigns round robin.
const { Kafka, logLevel } = require('kafkajs')
const [bootstrap, topic, groupId] = process.argv.slice(2)
const kafka = new Kafka({ clientId: 'kafkajs', brokers: [bootstrap], logLevel: logLevel.NOTHING })
const consumer = kafka.consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 1000, rebalanceTimeout: 10000 })
consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
  console.log(['assigned', ...(payload.memberAssignment[topic] || [])].join(' ')))
consumer.on(consumer.events.REBALANCING, () => console.log('assigned'))
consumer.on(consumer.events.CRASH, ({ payload }) => console.log('crash', payload.error.message))
const run = async () => {
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, isRunning, isStale }) => {
      if (!isRunning() || isStale() || !batch.messages.length) return
      try {
        await consumer.commitOffsets([{ topic, partition: batch.partition, offset: (BigInt(batch.lastOffset()) + 1n).toString() }])
      } catch (error) {
        console.log('commit', error.message)
        throw error
      }
      for (const m of batch.messages) console.log('got', batch.partition, m.offset)
      resolveOffset(batch.lastOffset())
    }
  })
}
process.stdin.once('data', async () => { await consumer.disconnect(); process.exit(0) })
run().catch(error => { console.log(error.message); process.exit(1) })
